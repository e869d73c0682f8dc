"""What vouches for a bundle: who made it (``origin``), and that it computes here what it should (``golden``)."""
