"""Turns the machine's guesses about body parts into labels that a person has verified.

Everything here runs on the server and knows no page: `imports` brings models in, `claims` keeps two people off one model, `labels`
records every decision for good, `reviews` accepts them or sends them back, `exports` hands them to training, `queries` reads.
Each of these functions takes the name of the person who acts and checks that person's role itself (`access`).
"""
