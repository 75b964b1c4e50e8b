"""Make a pretrained face generator forget people."""
