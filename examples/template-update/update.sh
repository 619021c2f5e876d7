#!/bin/sh
# Brings the project in this folder to the newest state of its template, as a commit on a branch of its own.
# Exit code 4: the project and its template both changed some files, which the step lists; nothing is written then.
set -eu

STEP=${STEP:-docker run --rm --volume "$PWD:/harness" --user "$(id -u):0" idp-steps/cookiecutter}
BRANCH=${BRANCH:-template-update}

rm -f .git/template-update  # outputs are added to a file that is there
# STEP is a command with its arguments, so it is split into words.
# shellcheck disable=SC2086
$STEP --check-update --output-file .git/template-update --output-format gitlab
if ! grep -q '^updateAvailable=true$' .git/template-update; then
    echo "The project is at the newest state of its template."
    exit 0
fi
git switch --quiet --force-create "$BRANCH"
$STEP --update-project .
git add --all
git commit --quiet --message "Update from the template, to its commit $(sed -n 's/^templateCommit=//p' .git/template-update)"
echo "The update is on the branch $BRANCH."
