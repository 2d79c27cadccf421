"""What is not given in kroner: weighed beside the account by the plus-minus method, never added."""
