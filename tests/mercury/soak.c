/*
 * soak.c - many sessions from many threads at once, each thread with several open at a time, and more than half
 * of them given up without a word. Their rules are those of tests/mercury/soak.conf.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "stage.h"

enum { OPEN_AT_ONCE = 5, ROUND = 125, THREADS_MOST = 64 };

/* What the daemon must do at a step. */
enum wanted {
    NOTHING, /* return 0 */
    REFUSAL, /* -1 or -2, with the reply */
    MAYBE,   /* either; the session ends with a refusal */
};

struct step {
    unsigned event;
    const char *text; /* # becomes the number of the session */
    enum wanted wanted;
    const char *reply;
};

/* Half a session that is good, and four whole ones. */
static const struct step good[] = {
    {EV_CONNECT, NULL, NOTHING, NULL},
    {EV_CONNECT2, NULL, NOTHING, NULL},
    {EV_HELO, "EHLO host#.example.net", NOTHING, NULL},
    {EV_MAIL, "MAIL FROM:<user#@example.net>", NOTHING, NULL},
    {EV_RCPT, "RCPT TO:<david@example.com>", NOTHING, NULL},
    {EV_RCPT_OK, NULL, NOTHING, NULL},
    {EV_DATA, "DATA", NOTHING, NULL},
    {EV_DATA_HEADER, "From: user#@example.net", NOTHING, NULL},
    {EV_DATA_HEADER, "Message-ID: <#@example.net>", NOTHING, NULL},
    {EV_DATA_BODY, NULL, NOTHING, NULL},
    {EV_CLOSE, NULL, NOTHING, NULL},
    {0, NULL, NOTHING, NULL},
};
static const struct step own_name[] = {
    {EV_CONNECT, NULL, NOTHING, NULL},
    {EV_CONNECT2, NULL, NOTHING, NULL},
    {EV_HELO, "EHLO mail.example.com", NOTHING, NULL},
    {EV_MAIL, "MAIL FROM:<user#@example.net>", REFUSAL, "554 Format of command not acceptable here"},
    {EV_RSET, "RSET", NOTHING, NULL},
    {EV_MAIL, "MAIL FROM:<other#@example.net>", REFUSAL, "554 Format of command not acceptable here"},
    {EV_ABORT, NULL, NOTHING, NULL},
    {0, NULL, NOTHING, NULL},
};
static const struct step trap[] = {
    {EV_CONNECT, NULL, NOTHING, NULL},
    {EV_CONNECT2, NULL, NOTHING, NULL},
    {EV_HELO, "EHLO host#.example.net", NOTHING, NULL},
    {EV_MAIL, "MAIL FROM:<user#@example.net>", NOTHING, NULL},
    {EV_RCPT, "RCPT TO:<sugar@example.com>", REFUSAL, "554 Spam is not welcome here - go away."},
    {EV_CLOSE, NULL, NOTHING, NULL},
    /* The same client comes back; it may be met before Mercury's own look or after it. */
    {EV_CONNECT, NULL, MAYBE, "554 5.7.1 Connection refused because of short-term restriction"},
    {EV_CONNECT2, NULL, MAYBE, "554 5.7.1 Connection refused because of short-term restriction"},
    {EV_HELO, NULL, REFUSAL, NULL},
    {0, NULL, NOTHING, NULL},
};
static const struct step no_id[] = {
    {EV_CONNECT, NULL, NOTHING, NULL},
    {EV_CONNECT2, NULL, NOTHING, NULL},
    {EV_HELO, "EHLO host#.example.net", NOTHING, NULL},
    {EV_MAIL, "MAIL FROM:<user#@example.net>", NOTHING, NULL},
    {EV_RCPT, "RCPT TO:<david@example.com>", NOTHING, NULL},
    {EV_RCPT_OK, NULL, NOTHING, NULL},
    {EV_DATA, "DATA", NOTHING, NULL},
    {EV_DATA_HEADER, "From: user#@example.net", NOTHING, NULL},
    {EV_DATA_BODY, NULL, REFUSAL, "553 Unidentified messages are not acceptable here"},
    {EV_CLOSE, NULL, NOTHING, NULL},
    {0, NULL, NOTHING, NULL},
};

struct visitor_of_soak {
    struct line_of_mercury line;
    const struct step *step;
    unsigned number, left; /* steps until it gives up; 0: it does not */
    char client[20];
};

struct worker {
    unsigned first; /* number of its first session */
    unsigned count;
    unsigned wrong;
    unsigned refused;
    unsigned served; /* clients that were told that they are on the list */
};

static volatile LONG ids = 1000;
static volatile bool closing; /* verdicts do not count: closedown() is called at some time */

static void begin(struct visitor_of_soak *v, unsigned number)
{
    memset(v, 0, sizeof *v);
    v->number = number;
    if (number % 8 >= 3) {
        v->step = number % 2 ? good : no_id;
        v->left = 1 + number / 8 % 8;
    } else {
        v->step = number % 40 == 2 ? trap : number % 8 == 0 ? good : number % 8 == 1 ? own_name : no_id;
    }
    snprintf(v->client, sizeof v->client, "10.%u.%u.%u", number >> 16 & 255, number >> 8 & 255, number & 255);
    line_begin(&v->line, (uint32_t)InterlockedIncrement(&ids), v->client, 25, 1180000000 + number);
}

static void wrong(struct worker *w, const struct visitor_of_soak *v, int result, const char *reply)
{
    if (w->wrong++ == 0 && !closing)
        printf("soak: session %u: %s returned %d '%s'\n", v->number, event_name(v->step->event), result, reply);
}

/* TEXT with the number of the session in it. */
static void fill_in(char *out, size_t cap, const char *text, unsigned number)
{
    const char *mark = strchr(text, '#');
    if (mark)
        snprintf(out, cap, "%.*s%u%s", (int)(mark - text), text, number, mark + 1);
    else
        snprintf(out, cap, "%s", text);
}

/* One event. Returns false when the session is over. */
static bool take_step(struct worker *w, struct visitor_of_soak *v)
{
    const struct step *s = v->step;
    char text[200] = "";
    unsigned size = 0;
    if (!s->event)
        return false;
    if (s->text)
        fill_in(text, sizeof text, s->text, v->number);
    if (s->event == EV_HELO && !s->text) { /* it came so far, though it should be on the list */
        w->served++;
        return false;
    }
    int result = line_fire(&v->line, s->event, s->text ? text : NULL, (unsigned)strlen(text));
    const char *reply = line_reply(&v->line, &size);
    bool refused = result != 0;
    char said[300];
    snprintf(said, sizeof said, "%.*s", reply ? (int)size : 0, reply ? reply : "");
    if (refused)
        w->refused++;
    if (refused ? s->wanted == NOTHING || (result != -1 && result != -2) || strcmp(said, s->reply) != 0
                : s->wanted == REFUSAL)
        wrong(w, v, result, said);
    if (refused && s->wanted == MAYBE)
        return false;
    v->step++;
    /* The second connection of a client is another session. */
    if (s->event == EV_CLOSE && v->step->event) {
        line_end(&v->line);
        line_begin(&v->line, (uint32_t)InterlockedIncrement(&ids), v->client, 25, 1180000000 + v->number);
    }
    return v->left == 0 || --v->left > 0;
}

static DWORD WINAPI work(void *context)
{
    struct worker *w = context;
    struct visitor_of_soak *open = calloc(OPEN_AT_ONCE, sizeof *open);
    unsigned next = 0, busy = 0;
    if (!open) {
        w->wrong = 1;
        return 1;
    }
    do {
        busy = 0;
        for (unsigned i = 0; i < OPEN_AT_ONCE; i++) {
            if (!open[i].step && next < w->count)
                begin(&open[i], w->first + next++);
            if (!open[i].step)
                continue;
            busy++;
            if (!take_step(w, &open[i])) {
                line_end(&open[i].line);
                open[i].step = NULL;
            }
        }
        Sleep(1); /* clients are slower than we are */
    } while (busy);
    free(open);
    return 0;
}

/* What all heaps of this process have given out. */
static size_t heap_bytes(unsigned *blocks)
{
    HANDLE heaps[64];
    DWORD count = GetProcessHeaps(64, heaps);
    size_t bytes = 0;
    *blocks = 0;
    for (DWORD i = 0; i < count && i < 64; i++) {
        PROCESS_HEAP_ENTRY entry = {.lpData = NULL};
        if (!HeapLock(heaps[i]))
            continue;
        while (HeapWalk(heaps[i], &entry))
            if (entry.wFlags & PROCESS_HEAP_ENTRY_BUSY) {
                bytes += entry.cbData;
                ++*blocks;
            }
        HeapUnlock(heaps[i]);
    }
    return bytes;
}

static void tell_memory(unsigned sessions)
{
    unsigned blocks;
    size_t bytes = heap_bytes(&blocks);
    printf("after %u sessions: %u bytes in %u blocks\n", sessions, (unsigned)bytes, blocks);
}

int soak_and_stop(unsigned threads)
{
    struct worker workers[THREADS_MOST];
    HANDLE handles[THREADS_MOST];
    threads = threads < THREADS_MOST ? threads : THREADS_MOST;
    closing = true;
    stage_silent(true);
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (struct worker){.first = 500000 + 10000 * i, .count = 10 * ROUND};
        handles[i] = CreateThread(NULL, 0, work, &workers[i], 0, NULL);
        if (!handles[i])
            exit(3);
    }
    Sleep(300);
    int result = stage_closedown();
    WaitForMultipleObjects(threads, handles, TRUE, INFINITE);
    for (unsigned i = 0; i < threads; i++)
        CloseHandle(handles[i]);
    stage_silent(false);
    closing = false;
    return result;
}

bool soak(unsigned threads, unsigned sessions)
{
    struct worker workers[THREADS_MOST];
    HANDLE handles[THREADS_MOST];
    unsigned wrong_ones = 0, refused = 0, served = 0, number = 1;
    if (!threads || threads > THREADS_MOST)
        return false;
    stage_silent(true);
    for (unsigned done = 0; done < sessions; done += ROUND) {
        for (unsigned i = 0; i < threads; i++) {
            workers[i] =
                (struct worker){.first = number, .count = sessions - done < ROUND ? sessions - done : ROUND};
            number += workers[i].count;
            handles[i] = CreateThread(NULL, 0, work, &workers[i], 0, NULL);
            if (!handles[i])
                exit(3);
        }
        WaitForMultipleObjects(threads, handles, TRUE, INFINITE);
        for (unsigned i = 0; i < threads; i++) {
            CloseHandle(handles[i]);
            wrong_ones += workers[i].wrong;
            refused += workers[i].refused;
            served += workers[i].served;
        }
        tell_memory(number - 1);
    }
    stage_silent(false);
    /* Under this load the engine may give up writing a client down, which it says in the log. */
    if (served > stage_given_up())
        wrong_ones += served - stage_given_up();
    printf("soak: %u sessions, %u refusals, %u wrong, %u not listed and logged\n", number - 1, refused,
           wrong_ones, served);
    return wrong_ones == 0;
}
