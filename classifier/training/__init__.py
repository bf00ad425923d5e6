"""How the weights are made from labelled photos and a teacher."""
