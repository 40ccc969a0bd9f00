#!/usr/bin/env bash
# Writes a throwaway authority and certificates for tests into a folder:
#   authority.pem, server.pem and .key (server.example and localhost), client.pem and .key (client.example),
#   stranger.pem and .key (of nobody's authority).
#   certificates.sh FOLDER [DAYS]
set -euo pipefail
cd "$1"
days=${2:-365}
new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "$@" 2>/dev/null; }
new -x509 -days "$days" -keyout authority.key -out authority.pem -subj "/CN=Test authority"
for name in server client; do
    names="DNS:$name.example"
    if [ $name = server ]; then names+=",DNS:localhost"; fi
    new -keyout $name.key -out $name.csr -subj "/CN=$name.example"
    openssl x509 -req -days "$days" -in $name.csr -CA authority.pem -CAkey authority.key \
        -CAcreateserial -out $name.pem \
        -extfile <(printf 'subjectAltName=%s\n' "$names") 2>/dev/null
done
new -x509 -days "$days" -keyout stranger.key -out stranger.pem -subj "/CN=stranger.example" \
    -addext "subjectAltName=DNS:client.example"
