"""The keeper's counter: weigh and pay on a phone, also without a network.

The phone names each ticket before it sends it, keeps it until the book has answered, and may send
it any number of times: it is recorded once. The page checks what it can before anything is paid;
the server checks all of it again.
"""
