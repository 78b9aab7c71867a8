#!/bin/sh
# Makes the certificates beside it, for receivers in tests. Their keys are published and protect nothing.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
touch "$work/index"
cat > "$work/ca.cnf" <<END
[ca]
default_ca=tests
[tests]
database=$work/index
new_certs_dir=$work
rand_serial=yes
default_md=sha256
policy=any
[any]
commonName=supplied
[authority]
basicConstraints=critical,CA:TRUE
[receiver]
subjectAltName=DNS:hooks.test,DNS:localhost,IP:127.0.0.1
END
sign() { # name, extensions, last day, how it is signed
  openssl req -new -key "$1-key.pem" -subj "/CN=$1 of the tests" -out "$work/request"
  openssl ca -batch -notext -config "$work/ca.cnf" -extensions "$2" -startdate 20200101000000Z -enddate "$3" -in "$work/request" -out "$1.pem" $4
}
for name in authority good expired; do openssl ecparam -name prime256v1 -genkey -noout -out "$name-key.pem"; done
sign authority authority 21200101000000Z "-selfsign -keyfile authority-key.pem"
sign good receiver 21200101000000Z "-cert authority.pem -keyfile authority-key.pem"
sign expired receiver 20210101000000Z "-cert authority.pem -keyfile authority-key.pem"
rm -r authority-key.pem "$work"
