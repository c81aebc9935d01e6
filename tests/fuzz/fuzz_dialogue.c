/*
 * Input: a dialogue. It is read; if it has no error, it is played against a server that replies 250 to
 * everything, so that comparing and reporting run too.
 */
#include "core/base/writer.h"
#include "tools/replay/playback.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void on_problem(void *context, const struct error *e, bool warning, struct text source)
{
    char line[600];
    char caret[600];
    struct writer w = writer_on(line, sizeof line);
    struct writer c = writer_on(caret, sizeof caret);
    (void)context;
    (void)warning;
    require(e->line > 0 && e->column > 0 && e->column <= source.n + 1 && e->message[0]);
    error_caret(source, e->column, &w, &c);
}

/* A server that knows DATA and QUIT, and closes when it gets a line that begins with '!'. */
static bool in_data;
static bool closed;

static int echo(struct peer *peer, struct text line, struct reply *reply)
{
    (void)peer;
    bool dot = text_eq(line, TEXT("."));
    if (in_data && !dot)
        return 0;
    in_data = text_eq_nocase(text_trim(line), TEXT("DATA"));
    closed = line.n && line.p[0] == '!';
    *reply = (struct reply){.text = in_data ? TEXT("354 go") : TEXT("250 2.0.0 ok"), .closed = closed};
    return line.n && line.p[0] == '?' ? -1 : 0;
}

static int greet(struct peer *peer, const struct visitor *visitor, struct reply *reply)
{
    require(visitor->address.n > 0 && visitor->port > 0 && visitor->port < 65536);
    in_data = false;
    return echo(peer, TEXT("."), reply);
}

static int let_in(struct peer *peer, struct reply *reply)
{
    return echo(peer, TEXT("AUTH"), reply);
}

static int pass_time(struct peer *peer, int64_t seconds)
{
    (void)peer;
    require(seconds >= 0);
    return 0;
}

static bool has_ended(struct peer *peer)
{
    (void)peer;
    return closed;
}

static void finish(struct peer *peer)
{
    (void)peer;
    closed = true;
}

static void on_mismatch(void *context, const char *line)
{
    (void)context;
    require(line[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct peer_ops ops = {greet, echo, let_in, pass_time, has_ended, has_ended, finish};
    struct text bytes = text_of((const char *)data, size);
    struct report report = {.problem = on_problem};
    struct dialogue d;
    struct item item;
    unsigned line = 0;
    dialogue_init(&d, "fuzz.smtp", bytes, &report);
    while (dialogue_next(&d, &item)) {
        require(item.line > line);
        line = item.line;
    }
    if (report.errors)
        return 0;
    struct peer peer = {.ops = &ops};
    struct playback p = {.peer = &peer, .server = SERVER_EXIM, .mismatch = on_mismatch};
    require(playback_play(&p, "fuzz.smtp", bytes) == 0);
    require(p.passed + p.failed <= p.sessions);
    return 0;
}
