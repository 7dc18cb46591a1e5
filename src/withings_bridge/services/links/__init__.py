"""The life of a link: consent, token pairs, subscriptions, its end; the users of the predecessor."""
