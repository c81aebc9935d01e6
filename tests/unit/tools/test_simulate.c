#include "tests/unit/lib/exact.h"

#include "tools/replay/playback.h"
#include "tools/replay/simulate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/*
 * A fake engine: it writes down what it is told, one letter a call, and answers a line in which the name of an
 * action stands with that action: "EHLO refuse.example", "MAIL FROM:<close@example>", a field "X: fail".
 */
struct gp_session {
    int header; /* action found in the header */
};

static char journal[4096];
static int sessions;

static void note(const char *what, const char *p, size_t n)
{
    size_t used = strlen(journal);
    snprintf(journal + used, sizeof journal - used, "%s(%.*s) ", what, (int)n, p ? p : "");
}

static int decide(const char *p, size_t n, struct gp_verdict *v)
{
    static const char *const words[] = {"", "fail", "refuse", "close", "drop"};
    int action = GP_PASS;
    for (int i = 1; i < 5; i++)
        if (text_find_nocase(text_of(p, n), text_z(words[i])) < n)
            action = i;
    if (v && action) {
        v->action = (uint32_t)action;
        v->phase = GP_PHASE_MAIL;
        v->code = 554;
        v->reply = "554 5.7.1 no";
        v->cause = "fake:1";
    }
    return action;
}

static int fake_open(struct gp_engine *e, const struct gp_client *c, struct gp_session **s)
{
    (void)e;
    note(c->name_state == GP_NAME_VERIFIED ? "open-verified" : "open", c->address, c->address_size);
    if (c->local_port != 25)
        note("port", NULL, 0);
    *s = calloc(1, sizeof **s);
    sessions++;
    return *s ? 0 : -1;
}

static void fake_close(struct gp_session **s)
{
    free(*s);
    *s = NULL;
    sessions--;
}

static char client_name[64];

static int fake_connect(struct gp_session *s, struct gp_verdict *v)
{
    (void)s;
    note("connect", NULL, 0);
    return decide(client_name, strlen(client_name), v);
}

static int fake_helo(struct gp_session *s, const char *p, size_t n, uint32_t flags, struct gp_verdict *v)
{
    (void)s;
    (void)flags;
    note("helo", p, n);
    return decide(p, n, v);
}

static int fake_mail(struct gp_session *s, const char *p, size_t n, uint32_t flags, struct gp_verdict *v)
{
    (void)s;
    (void)flags;
    note("mail", p, n);
    return decide(p, n, v);
}

static int fake_rcpt(struct gp_session *s, const char *p, size_t n, uint32_t flags, struct gp_verdict *v)
{
    (void)s;
    (void)flags;
    note("rcpt", p, n);
    return decide(p, n, v);
}

static int fake_data(struct gp_session *s, struct gp_verdict *v)
{
    (void)s;
    (void)v;
    note("data", NULL, 0);
    return GP_PASS;
}

static void fake_auth(struct gp_session *s)
{
    (void)s;
    note("auth", NULL, 0);
}

static void fake_reset(struct gp_session *s)
{
    (void)s;
    note("reset", NULL, 0);
}

static void fake_unknown(struct gp_session *s, uint32_t facts)
{
    (void)s;
    note(facts == (GP_FACT_HELO | GP_FACT_RCPT) ? "unknown-helo-rcpt" : "unknown", NULL, 0);
}

static void fake_header_text(struct gp_session *s, const char *p, size_t n)
{
    int action = decide(p, n, NULL);
    if (n != 2 || p[0] != '\r')
        note("text", p, n);
    if (action)
        s->header = action;
}

static int fake_end_of_headers(struct gp_session *s, struct gp_verdict *v)
{
    (void)v;
    note("eoh", NULL, 0);
    return s->header;
}

static int fake_end_of_message(struct gp_session *s, uint64_t size, struct gp_verdict *v)
{
    static const char *const words[] = {"", "fail", "refuse", "close", "drop"};
    char number[24];
    snprintf(number, sizeof number, "%u", (unsigned)size);
    note("eom", number, strlen(number));
    int action = s->header;
    s->header = 0;
    return decide(words[action], strlen(words[action]), v);
}

static const void *fake_ext(const char *name)
{
    (void)name;
    return NULL;
}

static const struct gp_api fake = {.size = sizeof fake,
                                   .major = 1,
                                   .session_open = fake_open,
                                   .session_close = fake_close,
                                   .connect = fake_connect,
                                   .helo = fake_helo,
                                   .mail = fake_mail,
                                   .rcpt = fake_rcpt,
                                   .data = fake_data,
                                   .auth = fake_auth,
                                   .reset = fake_reset,
                                   .unknown = fake_unknown,
                                   .header_text = fake_header_text,
                                   .end_of_headers = fake_end_of_headers,
                                   .end_of_message = fake_end_of_message,
                                   .get_ext = fake_ext};

static void collect(void *context, const char *line)
{
    struct writer *w = context;
    writer_add(w, text_z(line));
    writer_char(w, '\n');
}

/* Plays DIALOGUE against the fake; the mismatches are in OUT. */
static struct playback play(const char *dialogue, char *out, size_t cap, struct simulation *s)
{
    struct peer peer;
    struct writer w = writer_on(out, cap);
    struct playback p = {.peer = &peer, .context = &w, .mismatch = collect, .server = SERVER_EXIM};
    struct text bytes = exact(dialogue);
    journal[0] = '\0';
    simulate_init(s, &fake, &p.clock, &peer);
    assert_int_equal(playback_play(&p, "f.smtp", bytes), 0);
    assert_int_equal(sessions, 0);
    exact_free(bytes);
    return p;
}

#define START    "connect 192.0.2.1 unknown\n"
#define ENVELOPE "C: MAIL FROM:<a@b>\nS: 250\nC: RCPT TO:<c@d>\nS: 250\n"

static void simulation__dialogues__replies_as_a_server_gives_them(void **state)
{
    static const char *const dialogues[] = {
        START "S: 220\nC: EHLO x\nS: 250\n" ENVELOPE
              "C: DATA\nS: 354\nC: A: b\nC:\nC: .\nS: 250\nC: QUIT\nS: 221\nS: closed\n",
        START ENVELOPE, /* MAIL without HELO is the engine's affair */
        START "C: RCPT TO:<c@d>\nS: 503\nC: DATA\nS: 503\nC: MAIL FROM:<a@b>\nS: 250\nC: MAIL FROM:<a@b>\nS: "
              "503\nC: DATA\nS: 503\n",
        START "C: NOOP\nS: 250\nC: rset\nS: 250\nC: VRFY x\nS: 252\nC: STARTTLS\nS: 220\nC: AUTH PLAIN x\nS: "
              "503\nC: FOO\nS: 500\nC:\nS: 500\n",
        START ENVELOPE "C: RSET\nS: 250\nC: RCPT TO:<c@d>\nS: 503\n",
        START ENVELOPE "C: EHLO y\nS: 250\nC: DATA\nS: 503\n",
        START "C: MAIL FROM:<fail@b>\nS: 554 no\nC: RCPT TO:<c@d>\nS: 503\nC: MAIL FROM:<a@b>\nS: 250\n",
        START "C: MAIL FROM:<close@b>\nS: 554 5.7.1 no\nS: closed\nC: QUIT\nS: closed\n",
        START "C: EHLO drop\nS: closed\n",
        /* data that gets no 354 is not sent; S: lines about it are about the reply to DATA */
        START "C: MAIL FROM:<a@b>\nC: DATA\nS: 503\nC: A: b\nC: QUIT\nC: .\nS: 503\nC: RSET\nS: 250\n",
        START "C: DATA\nS: 503\nC: QUIT\nS: 221\n",
        START "C: DATA\nS: 503\n" ENVELOPE "C: DATA\nS: 354\nC: .\nS: 250\n",
        START ENVELOPE "C: DATA\nC: X: fail\nC:\nC: .\nS: 554\nC: MAIL FROM:<a@b>\nS: 250\n",
        START ENVELOPE "C: DATA\nC: X: close\nC:\nC: .\nS: 554\nS: closed\n",
        START ENVELOPE "C: DATA\nC: A: b\nC: close\nC:\nC: .\nS: 250\n", /* no field, so body */
        START "S: 221\nS@exim,postfix: 220\nS@sendmail: 500\n",
        START "S: 220\nS@sendmail: 500\nC: EHLO x\nS: 250\n",
        START "auth\nS: 235\nC: EHLO x\nS: 250\n" START "S: 220\n",
        "label ham\ntime 2003-07-24T01:11:45Z\n" START
        "wait 3s\nC: EHLO x\nlabel spam\nconnect 2001:db8::1 mx.example 587\nS: 220\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof dialogues / sizeof *dialogues; i++) {
        char out[2048];
        struct simulation s;
        struct playback p = play(dialogues[i], out, sizeof out, &s);
        if (out[0])
            fail_msg("%s\n  gives: %s", dialogues[i], out);
        assert_int_equal(p.failed, 0);
    }
}

static void simulation__header_and_body__reach_the_engine_unstuffed(void **state)
{
    char out[2048];
    struct simulation s;
    (void)state;
    play(START "unknown helo rcpt\nC: MAIL FROM:<a@b>\nC: DATA\nC: ..A: b\nC:  c\nC: D: e\nC: no field\nC: F: "
               "g\nC: .\n",
         out, sizeof out, &s);
    assert_string_equal(
        journal,
        "open(192.0.2.1) unknown-helo-rcpt() connect() mail(MAIL FROM:<a@b>) data() text(.A: b) text( c) "
        "text(D: e) eoh() eom(33) ");
    play("connect 2001:db8::1 mx.example 587\nC: EHLO x\n", out, sizeof out, &s);
    assert_string_equal(journal, "open-verified(2001:db8::1) port() connect() helo(EHLO x) ");
}

static void simulation__first_verdict__is_the_outcome(void **state)
{
    char out[2048];
    struct simulation s;
    (void)state;
    play(START "C: EHLO refuse\nC: EHLO close\n", out, sizeof out, &s);
    assert_int_equal(s.outcome.action, GP_REFUSE);
    assert_int_equal(s.outcome.code, 554);
    assert_string_equal(s.outcome.cause, "fake:1");
    play(START "C: EHLO x\n", out, sizeof out, &s);
    assert_int_equal(s.outcome.action, GP_PASS);
}

static void simulation__verdict_at_connect__replaces_the_greeting_and_closes(void **state)
{
    static const char *const names[] = {"fail", "refuse", "close"};
    char out[2048];
    struct simulation s;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        snprintf(client_name, sizeof client_name, "%s", names[i]);
        play(START "S: 554 no\nS: closed\nC: EHLO x\nS: closed\n", out, sizeof out, &s);
        assert_string_equal(out, "");
    }
    snprintf(client_name, sizeof client_name, "drop");
    play(START "S: closed\n", out, sizeof out, &s);
    assert_string_equal(out, "");
    client_name[0] = '\0';
}

static void playback__what_does_not_hold__says_where_and_why(void **state)
{
    static const struct {
        const char *dialogue;
        const char *message;
    } cases[] = {
        {START "C: EHLO x\nS: 554 no\n",
         "f.smtp:3: expected 'S: 554 no' but got '250 simulated.invalid' after 'C: EHLO x'\n"},
        {START "S: 5\n", "f.smtp:2: expected 'S: 5' but got '220 simulated.invalid ESMTP' after connecting\n"},
        {START "C: NOOP\nS: closed\n",
         "f.smtp:3: expected 'S: closed' but the connection stayed open after 'C: NOOP'\n"},
        {START "C: EHLO drop\nS: 250\n",
         "f.smtp:3: expected 'S: 250' but the connection was closed after 'C: EHLO drop'\n"},
        {START "C: QUIT\nC: NOOP\nS: 250\n",
         "f.smtp:4: expected 'S: 250' but the connection was closed before 'C: NOOP'\n"},
        {START ENVELOPE "C: DATA\nC: A: b\nS: 250\n",
         "f.smtp:8: expected 'S: 250' but got no reply after 'C: A: b'\n"},
        {START "C: NOOP\nS: 250\nS@exim: 500\n",
         "f.smtp:4: expected 'S: 500' but got '250 2.0.0 OK' after 'C: NOOP'\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[2048];
        struct simulation s;
        struct playback p = play(cases[i].dialogue, out, sizeof out, &s);
        assert_string_equal(out, cases[i].message);
        assert_int_equal(p.failed, 1);
        assert_int_equal(p.passed, 0);
    }
}

static void playback__clock__runs_a_second_a_session(void **state)
{
    char out[2048];
    struct simulation s;
    (void)state;
    struct playback p =
        play("time 1970-01-01T00:01:00Z\n" START "C: NOOP\n" START "wait 5s\n" START, out, sizeof out, &s);
    assert_int_equal(p.clock, 60 + 3 + 5);
    assert_int_equal(p.sessions, 3);
    p = play("time 1970-01-01T00:01:00Z\n" START "C: NOOP\ntime 1970-01-01T00:02:00Z\n" START, out, sizeof out,
             &s);
    assert_int_equal(p.clock, 121);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simulation__dialogues__replies_as_a_server_gives_them),
        cmocka_unit_test(simulation__header_and_body__reach_the_engine_unstuffed),
        cmocka_unit_test(simulation__first_verdict__is_the_outcome),
        cmocka_unit_test(simulation__verdict_at_connect__replaces_the_greeting_and_closes),
        cmocka_unit_test(playback__what_does_not_hold__says_where_and_why),
        cmocka_unit_test(playback__clock__runs_a_second_a_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
