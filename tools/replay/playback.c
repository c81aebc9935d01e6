#include "playback.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/gatepost.h"
#include "expect.h"
#include "order.h"
#include "tools/lib/output.h"

/* What is known while one file is played. */
struct play {
    struct playback *p;
    const char *file;
    struct text all;
    struct dialogue dialogue;
    struct report report;
    struct text config;
    struct text label;
    struct played played;
    unsigned line; /* of the present item */
    bool pending;  /* a connect line was read; the peer does not know it yet, because `unknown` may follow */
    bool open;
    bool in_data;
    bool skipping;    /* DATA got no 354: the lines up to the dot are not sent */
    bool unsent;      /* the latest C: line was not sent, because the connection was closed before */
    struct text said; /* the latest C: line */
    struct reply reply;
    char heard[1024]; /* where reply.text points */
};

static void show(const struct play *play, char who, struct text text, const char *deviation)
{
    if (play->p->show)
        play->p->line(play->p->context, who, text, deviation);
}

/* Copies the reply of the peer into memory of our own, and shows it. */
static void hear(struct play *play, const struct reply *reply)
{
    size_t n = reply->text.n < sizeof play->heard ? reply->text.n : sizeof play->heard;
    if (n)
        memcpy(play->heard, reply->text.p, n);
    play->reply = (struct reply){.text = text_of(play->heard, n), .closed = reply->closed};
    unsigned code = reply_code(&play->reply);
    const char *deviation = code >= 500 ? "refused" : code >= 400 ? "refused for now" : NULL;
    if (code)
        show(play, 'S', play->reply.text, deviation);
    if (reply->closed && code != 221)
        show(play, 'S', TEXT("closed"), "closed");
}

static void end_session(struct play *play)
{
    struct playback *p = play->p;
    if (!play->open)
        return;
    p->peer->ops->finish(p->peer);
    play->open = false;
    if (play->played.expected) {
        if (play->played.failed)
            p->failed++;
        else
            p->passed++;
    }
    p->messages += play->played.messages;
    if (p->end)
        p->end(p->context, &play->played);
    p->clock++;
}

/* Connects, if a connect line is waiting. */
static int start(struct play *play)
{
    struct playback *p = play->p;
    struct reply reply = {0};
    char line[160];
    if (!play->pending)
        return 0;
    play->pending = false;
    play->in_data = false;
    play->skipping = false;
    play->unsent = false;
    play->said = text_of(NULL, 0);
    play->played.number = ++p->sessions;
    if (p->begin && p->begin(p->context, play->file, play->config, &play->played) != 0)
        return -1;
    const struct visitor *v = &play->played.visitor;
    struct writer w = writer_on(line, sizeof line);
    writer_printf(&w, "connect %.*s %.*s", (int)v->address.n, v->address.p, v->name.n ? (int)v->name.n : 7,
                  v->name.n ? v->name.p : "unknown");
    show(play, '=', writer_text(&w), NULL);
    play->open = true;
    if (p->peer->ops->open(p->peer, v, &reply) != 0)
        return -1;
    hear(play, &reply);
    return 0;
}

/* The server has closed by itself after its last reply. */
static void note_closed(struct play *play)
{
    if (!play->reply.closed)
        show(play, 'S', TEXT("closed"), "closed");
    play->reply.closed = true;
}

/* Whether data lines follow a DATA that got no 354: a dot comes before the next DATA and before the end of
 * the session. */
static bool data_follows(const struct play *play)
{
    struct report silent = {0};
    struct dialogue ahead = play->dialogue;
    struct item item;
    ahead.report = &silent;
    while (dialogue_next(&ahead, &item) && ahead.connected && item.kind != ITEM_CONNECT)
        if (item.kind == ITEM_CLIENT) {
            if (text_eq(item.text, TEXT(".")))
                return true;
            if (text_eq_nocase(text_trim(item.text), TEXT("DATA")))
                return false;
        }
    return false;
}

/* The peer cannot go on with this session: it has failed, and the rest of its lines is skipped. */
static void give_up(struct play *play)
{
    char line[1024];
    struct playback *p = play->p;
    struct writer w = writer_on(line, sizeof line);
    writer_printf(&w, "%s:%u: %s", play->file, play->line, p->peer->reason);
    if (play->said.n) {
        writer_add(&w, TEXT(" after 'C: "));
        output_add(&w, play->said, 200);
        writer_char(&w, '\'');
    }
    if (p->mismatch)
        p->mismatch(p->context, line);
    play->played.expected = true;
    play->played.failed = true;
    play->unsent = true;
    play->reply.closed = true;
    p->peer->ops->finish(p->peer);
}

static void say(struct play *play, struct text line)
{
    struct playback *p = play->p;
    struct reply reply = {0};
    bool dot = text_eq(line, TEXT("."));
    if (play->skipping) {
        play->skipping = !dot;
        return; /* S: lines after these are about the reply that DATA got */
    }
    play->said = line;
    if (play->reply.closed || p->peer->ops->ended(p->peer)) {
        play->unsent = true;
        note_closed(play);
        return;
    }
    show(play, 'C', line, NULL);
    if (p->peer->ops->say(p->peer, line, &reply) != 0) {
        give_up(play);
        return;
    }
    hear(play, &reply);
    if (play->in_data) {
        play->in_data = !dot && !reply.closed;
    } else if (text_eq_nocase(text_trim(line), TEXT("DATA"))) {
        play->in_data = reply_code(&play->reply) == 354;
        play->played.messages += play->in_data;
        play->skipping = !play->in_data && data_follows(play);
    }
}

static void tell_mismatch(struct play *play, const struct item *item)
{
    char line[2048];
    struct writer w = writer_on(line, sizeof line);
    writer_printf(&w, "%s:%u: expected 'S: ", play->file, item->line);
    output_add(&w, item->text, 500);
    writer_add(&w, TEXT("' but "));
    if (play->unsent) {
        writer_add(&w, TEXT("the connection was closed before"));
    } else if (text_eq(item->text, TEXT("closed"))) {
        writer_add(&w, TEXT("the connection stayed open after"));
    } else if (reply_code(&play->reply)) {
        writer_add(&w, TEXT("got '"));
        output_add(&w, play->reply.text, 500);
        writer_add(&w, TEXT("' after"));
    } else {
        writer_add(&w,
                   play->reply.closed ? TEXT("the connection was closed after") : TEXT("got no reply after"));
    }
    if (play->said.p) {
        writer_add(&w, TEXT(" 'C: "));
        output_add(&w, play->said, 200);
        writer_char(&w, '\'');
    } else {
        writer_add(&w, TEXT(" connecting"));
    }
    if (play->p->mismatch)
        play->p->mismatch(play->p->context, line);
}

/* Compares; of an S: line and the S@ lines after it one counts. */
static void compare(struct play *play, struct item item)
{
    struct playback *p = play->p;
    struct dialogue ahead = play->dialogue;
    struct report silent = {0};
    struct item next;
    ahead.report = &silent;
    while (dialogue_next(&ahead, &next) && next.kind == ITEM_SERVER && next.servers) {
        if (next.servers & p->server)
            item = next;
        ahead.report = play->dialogue.report;
        play->dialogue = ahead;
        ahead.report = &silent;
    }
    bool holds = false;
    if (text_eq(item.text, TEXT("closed"))) {
        holds = play->reply.closed || p->peer->ops->ended_soon(p->peer);
        if (holds)
            note_closed(play);
    } else if (!play->unsent) {
        holds = expect_holds(item.text, &play->reply);
    }
    play->played.expected = true;
    if (!holds) {
        play->played.failed = true;
        tell_mismatch(play, &item);
    }
}

static void play_item(struct play *play, const struct item *item)
{
    struct playback *p = play->p;
    struct reply reply = {0};
    play->line = item->line;
    switch (item->kind) {
    case ITEM_CONFIG:
        end_session(play);
        play->config = item->text;
        return;
    case ITEM_TIME:
        end_session(play);
        p->clock = item->number;
        return;
    case ITEM_LABEL:
        end_session(play);
        play->label = item->text;
        return;
    case ITEM_CONNECT:
        end_session(play);
        play->played = (struct played){.file = play->file, .line = item->line, .label = play->label};
        play->played.visitor =
            (struct visitor){.address = item->text, .name = item->name, .port = (unsigned)item->number};
        play->label = text_of(NULL, 0);
        play->pending = true;
        return;
    case ITEM_UNKNOWN:
        play->played.visitor.unknown |= (unsigned)item->number;
        return;
    case ITEM_WAIT:
        if (p->peer->ops->wait(p->peer, item->number) != 0)
            give_up(play);
        return;
    case ITEM_AUTH:
        play->said = TEXT("AUTH");
        if (play->reply.closed)
            return;
        if (p->peer->ops->auth(p->peer, &reply) != 0)
            give_up(play);
        else
            hear(play, &reply);
        return;
    case ITEM_CLIENT:
        say(play, item->text);
        return;
    case ITEM_SERVER:
        compare(play, *item);
        return;
    }
}

/* Plays up to the end of the file; with ONE up to the end of the session. */
static int play_items(struct play *play, bool one)
{
    struct playback *p = play->p;
    struct item item;
    int result = 0;
    bool begun = false;
    for (struct dialogue before = play->dialogue; result == 0 && dialogue_next(&play->dialogue, &item);
         before = play->dialogue) {
        if (one && begun && (item.kind <= ITEM_TIME || item.kind == ITEM_LABEL || item.kind == ITEM_CONNECT)) {
            play->dialogue = before;
            break;
        }
        /* A session begins at the first item that does not say what is unknown of it. */
        if (play->pending && item.kind != ITEM_UNKNOWN)
            result = start(play);
        if (result == 0)
            play_item(play, &item);
        begun = true;
        if (item.kind == ITEM_CONNECT && p->progress)
            p->progress(p->context, play->all.n - play->dialogue.rest.n, play->all.n);
    }
    if (result == 0)
        result = start(play);
    end_session(play);
    return result;
}

/* Plays the sessions in the order of their times; each keeps its number in the file. */
static int play_in_order(struct play *play, const struct order_session *sessions, size_t n)
{
    struct playback *p = play->p;
    const uint64_t before = p->sessions;
    int64_t latest = p->clock;
    int result = 0;
    for (size_t i = 0; i < n && result == 0; i++) {
        struct report *report = play->dialogue.report;
        play->dialogue = sessions[i].at;
        play->dialogue.report = report;
        play->config = sessions[i].config;
        play->label = sessions[i].label;
        p->clock = sessions[i].time;
        p->sessions = before + sessions[i].number - 1;
        result = play_items(play, true);
        latest = p->clock;
    }
    p->sessions = before + n;
    p->clock = latest;
    return result;
}

int playback_play(struct playback *p, const char *file, struct text bytes)
{
    struct play play = {.p = p, .file = file, .all = bytes};
    struct order_session *sessions = NULL;
    size_t n = 0;
    dialogue_init(&play.dialogue, file, bytes, &play.report);
    int ordered = order_sessions(&play.dialogue, p->clock, &sessions, &n);
    if (ordered < 0) {
        snprintf(p->peer->reason, sizeof p->peer->reason, "out of memory");
        return -1;
    }
    int result = ordered ? play_in_order(&play, sessions, n) : play_items(&play, false);
    free(sessions);
    return result;
}
