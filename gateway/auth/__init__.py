"""Who is asking. Until there are accounts: the holder of the administrator's token, or nobody."""
