#include "verdict.h"

#include <stdio.h>
#include <string.h>

/* What mercury-fail-at calls it; NULL for the connection, at which there is nothing to go on with. */
static const char *word_of(UINT_32 event)
{
    switch (event) {
    case MERCURY_HELO:
        return "helo";
    case MERCURY_MAIL:
        return "mail";
    case MERCURY_RCPT:
        return "rcpt";
    case MERCURY_DATA:
        return "data";
    case MERCURY_DATA_BODY:
        return "message";
    default:
        return NULL;
    }
}

/* Whether Mercury may be told to fail the command of EVENT and go on. */
static bool may_fail(const struct visit *v, UINT_32 event)
{
    const char *word = word_of(event), *words = visit_setting(v, "mercury-fail-at");
    const size_t n = word ? strlen(word) : 0;
    if (!n)
        return false;
    if (!words)
        words = "mail rcpt"; /* while no rules are in force */
    for (const char *p = strstr(words, word); p; p = strstr(p + 1, word))
        if ((p == words || p[-1] == ' ') && (p[n] == '\0' || p[n] == ' '))
            return true;
    return false;
}

static void put_reply(const struct visit *v, MSEVENTBUF *e, const char *reply)
{
    snprintf(e->outbuf, sizeof e->outbuf, "%s%s", reply,
             visit_setting_is(v, "mercury-crlf", "yes") ? "\r\n" : "");
}

/* What Mercury is to do about the verdict on EVENT. */
INT_32 verdict_answer(struct visit *v, UINT_32 event, MSEVENTBUF *e, int action,
                      const struct gp_verdict *verdict)
{
    const char *reply = verdict->reply && *verdict->reply ? verdict->reply : "554 5.7.1 Transaction refused";
    bool failing = action == GP_FAIL || action == GP_REFUSE;

    if (action == GP_PASS)
        return MERCURY_GO_ON;
    /* A hold needs Mercury to refuse the message after its body, which is documented nowhere; else it closes. */
    if (action == GP_HOLD && may_fail(v, MERCURY_DATA_BODY))
        return MERCURY_GO_ON;
    if (action == GP_DROP) {
        e->outbuf[0] = '\0';
        return MERCURY_HANG_UP;
    }
    if (failing && event == MERCURY_HELO && !may_fail(v, event)) {
        /* A session that is refused hears it again at MAIL anyway. */
        if (action == GP_FAIL)
            snprintf(v->held, sizeof v->held, "%s", reply);
        return MERCURY_GO_ON;
    }
    put_reply(v, e, reply);
    return failing && may_fail(v, event) ? MERCURY_FAIL : MERCURY_HANG_UP;
}

INT_32 verdict_answer_held(struct visit *v, MSEVENTBUF *e)
{
    put_reply(v, e, v->held);
    return may_fail(v, MERCURY_MAIL) ? MERCURY_FAIL : MERCURY_HANG_UP;
}
