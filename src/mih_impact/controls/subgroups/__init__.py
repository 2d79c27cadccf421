"""Parts of the participants: who they are, and controls of their own."""
