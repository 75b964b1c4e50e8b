"""What is known of the people of the bundled generator: their looks, and more photos of them."""
