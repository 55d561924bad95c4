"""Answers subscribers that ask for what they missed (docs/protocol.md, Recovery).

server.py     the thread and its socket: takes requests, has them answered in small steps, sends the replies
pace.py       how much time and how many publications the answers may take
lane.py       what each connection asks for, and whose turn it is
answers.py    the answer to a request
archive.py    the journal's file, read
search.py     looking for publications in it
recent.py     what is in memory: all that the journal has not stored, and the latest publications
address.py    where the socket is
"""
