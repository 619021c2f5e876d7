"""Bitbucket Cloud and Bitbucket Data Center: two hosts with APIs of their own under one type of connector."""
