#!/bin/sh
# Carol and Dave sign up and log in, Carol makes a group and writes, Dave reads: sh examples/curl.sh
set -eu
url=${SWITCHBOARD_URL:-http://127.0.0.1:8080}
token=

# ask <method> <path> [<body>]: prints the answer. A refusal is one too: the second run is told that the names are taken.
ask() {
  answer=$(curl -sS -X "$1" "$url$2" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' ${3:+-d "$3"})
  printf '%s %s\n  %s\n' "$1" "$2" "$answer"
}

# member <name>: that text of the answer. An example gets by without jq.
member() { printf %s "$answer" | sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }

# sign_in <name>: from here on it is this user who asks.
sign_in() {
  ask POST /api/auth/register "{\"username\": \"$1\", \"password\": \"correct horse battery\"}"
  ask POST /api/auth/login "{\"username\": \"$1\", \"password\": \"correct horse battery\"}"
  token=$(member token)
}

sign_in dave
dave=$token dave_id=$(member id)
sign_in carol
ask POST /api/conversations "{\"kind\": \"group\", \"name\": \"Team\", \"members\": [\"$dave_id\"]}"
team=$(member id)
ask POST "/api/conversations/$team/messages" '{"text": "hello from curl"}'
token=$dave
ask GET "/api/conversations/$team/messages"
ask GET "/api/conversations/$team/unread"
ask POST "/api/conversations/$team/read" '{}'
