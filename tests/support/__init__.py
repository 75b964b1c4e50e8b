"""Code that several tests share: goldens, small models, programs that tests start."""
