"""Direct preference optimisation (https://arxiv.org/abs/2305.18290) with TRL: learning from pairs of answers."""
