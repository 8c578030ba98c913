#!/bin/sh
# Builds nofpe.so beside the study: see nofpe.c.
cd "$(dirname "$0")" && exec cc -shared -fPIC -O1 -o nofpe.so nofpe.c
