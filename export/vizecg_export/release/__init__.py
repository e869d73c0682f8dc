"""From a checkpoint to a bundle that can be shipped, in stages that are kept."""
