"""Parts of `jaxunlearn unlearn`."""
