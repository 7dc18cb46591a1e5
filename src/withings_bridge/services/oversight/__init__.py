"""How the bridge and its accounts are: for users, operators and machines that ask."""
