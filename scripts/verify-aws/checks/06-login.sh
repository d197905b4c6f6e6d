# claim: RDS takes the runner's token (or the secret's password), and its certificate is signed by an authority that we ship
# wrong: CREDENTIALS_REJECTED or TARGET_TLS
lockstep reconcile --target "$Target"
