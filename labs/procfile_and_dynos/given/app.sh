#!/bin/sh
# Answers one request: reads it up to its empty line, then says hello.
while read -r line && [ ${#line} -gt 1 ]; do :; done
printf 'HTTP/1.0 200 OK\r\n\r\n%s\n' "${GREETING:-no greeting} from $(hostname)"
