"""What a model card says, typed, for every format alike."""
