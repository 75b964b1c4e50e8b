"""What an unlearning method is: targets, pairs, losses, and the settings they come from."""
