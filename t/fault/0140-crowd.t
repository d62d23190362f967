#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Many at once, and one consent: whoever asks for a token, logs in, sends and
logs out beside the others, no refresh token is used twice, none is lost."""

import os
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import grants   # noqa: E402
import lab      # noqa: E402

CROWD = 10 if lab.QUICK else 50
SENDERS = 20
WAIT = 20   # seconds until a test gives up waiting


class Beside(threading.Thread):
    """A command beside us: result() is what run() gives."""

    def __init__(self, trial, *words, **how):
        super().__init__()
        self.job = (trial, words, how)
        self.ended = None
        self.start()

    def run(self):
        trial, words, how = self.job
        self.ended = trial.run(*words, **how)

    def result(self):
        self.join()
        return self.ended


def expired(place, template):
    """A trial whose cached token has ended; at one time for all who come, or
    a token would come from the future for some."""
    trial = grants.Trial(place, like=template)
    trial.at = time.time() * 1000
    trial.hours += 2
    return trial


def is_ours(trial, family):
    """Is a token to be had, by the consent of that family?"""
    ended, token = trial.speak("token", "box")
    return ended.status == 0 and trial.account.access.get(
        token.strip()) == family


def one_redeems(place, template):
    trial = expired(place, template)
    said = [None] * CROWD

    def ask(i):
        said[i] = trial.speak("token", "box")

    crowd = [threading.Thread(target=ask, args=(i,)) for i in range(CROWD)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    tokens = {token for ended, token in said if ended.status == 0}
    place.result(trial.account.asked == 1 and len(tokens) == 1 and
                 all(ended.status == 0 for ended, _ in said),
                 f"{CROWD} who need a token: one request", trial.account.asked,
                 *{ended for ended, _ in said if ended.status})
    trial.clear()


def one_logs_in(place, template):
    trial = grants.Trial(place, like=template)
    asked = threading.Event()
    trial.account.pending = True
    trial.account.before_answer = lambda kind: asked.set()
    first = Beside(trial, "login", "box")
    place.result(asked.wait(WAIT), "a login waits for its person")
    second = trial.login()
    place.result(second.status == 75 and
                 "another login goes on" in second.err and
                 len(trial.account.codes) == 1,
                 "a second one is refused, and nobody is troubled", second)
    out = trial.run("logout", "box")
    place.result(out.status == 75 and "another login goes on" in out.err,
                 "nor is the consent ended meanwhile", out)
    trial.account.pending = False
    ended = first.result()
    place.result(ended.status == 0, "the first one comes to its end", ended)
    again = trial.login()
    place.result(again.status == 0, "and then it is another's turn", again)
    place.result(not any(trial.account.uses.values()),
                 "no refresh token was used for all that")
    trial.clear()


def a_dead_login_is_no_login(place, template):
    trial = grants.Trial(place, like=template)
    trial.account.pending = True
    ended = trial.login(doom=(0.5, True))
    trial.account.pending = False
    place.result(ended.status == -9 and trial.login().status == 0,
                 "a login that was killed keeps nobody from another", ended)
    trial.clear()


def all_send(place, template):
    """A login comes in while a crowd sends, and the refresh that they caused
    is still under way: it waits, and wins."""
    trial = expired(place, template)
    refreshes, given = threading.Event(), threading.Event()

    def before_answer(kind):
        if kind != "token":
            return
        if any(trial.account.uses.values()) and not refreshes.is_set():
            refreshes.set()     # this one is answered when the login has
            given.wait(WAIT)    # what it wants
        elif trial.account.given > 1:
            given.set()

    trial.account.before_answer = before_answer
    mails = [grants.Trial(place, home=trial.home) for _ in range(SENDERS)]
    for mail in mails:
        mail.at, mail.hours = trial.at, trial.hours
    crowd = [Beside(mail, "-i", "-f", lab.SENDER, lab.GOOD,
                    text=mail.message()) for mail in mails]
    place.result(refreshes.wait(WAIT), f"{SENDERS} send, one refreshes")
    ended = trial.login()
    place.result(ended.status == 0 and given.is_set(),
                 "a login while they do", ended)
    sent = [one.result() for one in crowd]
    place.result(all(e.status == 0 for e in sent), "all mail is accepted",
                 *{e for e in sent if e.status})
    left = trial.drain()
    counts = [len(place.mail.arrived(mail.word)) for mail in mails]
    place.result(counts == [1] * SENDERS, "and arrives, once", counts, *left)
    place.result(not trial.account.replayed() and
                 sum(trial.account.uses.values()) == 1,
                 "one refresh, and no token is used twice",
                 trial.account.uses)
    place.result(is_ours(trial, list(trial.account.good)[-1]),
                 "the new consent is what counts")
    trial.hours += 2
    place.result(is_ours(trial, list(trial.account.good)[-1]),
                 "and it can be refreshed")
    for mail in mails:
        mail.clear()
    trial.clear()


def the_last_is_revoked(place, template):
    """A logout while a refresh is under way ends what that one brings."""
    trial = expired(place, template)
    refreshes, revoked = threading.Event(), threading.Event()

    def before_answer(kind):
        if kind == "revoke":
            revoked.set()
        elif kind == "token":
            refreshes.set()
            revoked.wait(1)     # it must not come, whoever waits

    trial.account.before_answer = before_answer
    other = Beside(trial, "token", "box")
    place.result(refreshes.wait(WAIT), "a refresh is under way")
    ended, printed = trial.speak("logout", "box")
    other.result()
    last = list(trial.account.family)[-1]
    place.result(ended.status == 0 and "revoked at the server" in printed and
                 trial.account.revoked == [last] and not trial.stored(),
                 "a logout ends what the refresh has brought", ended, printed,
                 trial.account.revoked, last, *trial.stored())
    trial.clear()


def main():
    place = grants.Lab()
    template = grants.sign_in(place)
    for test in (one_redeems, one_logs_in, a_dead_login_is_no_login, all_send,
                 the_last_is_revoked):
        test(place, template)
    place.finish()


if __name__ == "__main__":
    main()
