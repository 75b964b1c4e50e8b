"""Tests of jaxunlearn and of the ports that it stands on."""
