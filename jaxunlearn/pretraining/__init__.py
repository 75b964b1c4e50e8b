"""How the bundled generator is made: regression onto synthetic people seen from known cameras."""
