/*
 * collide.c - events of sessions that get into each other's way: several threads in one session, an event within another,
 * and a connection that seems to have the id of a session.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "stage.h"

enum { THREADS_MOST = 64 };

struct worker {
    unsigned first, count, wrong;
};

/* All of them are the session 7. */
static DWORD WINAPI press_in(void *context)
{
    static const struct {
        unsigned event;
        const char *text;
    } events[] = {{EV_CONNECT2, NULL},
                  {EV_HELO, "EHLO mail.example.com"},
                  {EV_MAIL, "MAIL FROM:<a@example.net>"},
                  {EV_RCPT, "RCPT TO:<b@example.com>"},
                  {EV_DATA_HEADER, "Subject: x"},
                  {EV_DATA_BODY, NULL},
                  {EV_RSET, "RSET"},
                  {EV_CLOSE, NULL},
                  {EV_CONNECT, NULL}};
    struct worker *w = context;
    static struct line_of_mercury lines[THREADS_MOST];
    struct line_of_mercury *l = &lines[w->first % THREADS_MOST];
    line_begin(l, 7, "10.0.0.7", 25, 1180000000);
    for (unsigned i = 0; i < w->count; i++) {
        unsigned which = (i * 5 + w->first * 3) % (sizeof events / sizeof *events);
        const char *text = events[which].text;
        int result = line_fire(l, events[which].event, text, text ? (unsigned)strlen(text) : 0);
        if (result != 0 && result != -1 && result != -2)
            w->wrong++;
    }
    line_end(l);
    return 0;
}

bool collide(unsigned threads)
{
    struct worker workers[THREADS_MOST];
    HANDLE handles[THREADS_MOST];
    static struct line_of_mercury outer, inner;
    unsigned wrong_ones = 0;
    int inside = 1;
    if (!threads || threads > THREADS_MOST)
        return false;
    stage_silent(true);
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (struct worker){.first = i, .count = 2000};
        handles[i] = CreateThread(NULL, 0, press_in, &workers[i], 0, NULL);
        if (!handles[i])
            exit(3);
    }
    WaitForMultipleObjects(threads, handles, TRUE, INFINITE);
    for (unsigned i = 0; i < threads; i++) {
        CloseHandle(handles[i]);
        wrong_ones += workers[i].wrong;
    }
    line_begin(&outer, 8, "10.0.0.8", 25, 1180000000);
    line_begin(&inner, 8, "10.0.0.8", 25, 1180000000);
    stage_fire_on_log(&inner, &inside);
    line_fire(&outer, EV_HELO, "EHLO mail.example.com", 21);
    int after = line_fire(&outer, EV_MAIL, "MAIL FROM:<a@example.net>", 25);
    line_fire(&outer, EV_CLOSE, NULL, 0);
    line_end(&inner);
    line_end(&outer);
    stage_silent(false);
    printf("collide: %u wrong, %d from within, %d after it\n", wrong_ones, inside, after);
    return wrong_ones == 0 && inside == 0 && after == -1;
}

/* What the event returns, and the reply's code if there is one. */
static int told(struct line_of_mercury *l, unsigned event, const char *text)
{
    unsigned n = 0;
    const int result = line_fire(l, event, text, text ? (unsigned)strlen(text) : 0);
    const char *reply = line_reply(l, &n);
    printf("cross: %s %d %.*s\n", event_name(event), result, reply && result ? (int)n : 0, reply ? reply : "");
    return result;
}

bool cross(void)
{
    static struct line_of_mercury one, other;
    bool right = true;
    line_begin(&one, 9, "10.1.0.1", 25, 1180000000);
    line_begin(&other, 10, "10.1.0.2", 25, 1180000001);
    right &= told(&one, EV_CONNECT, NULL) == 0 && told(&one, EV_CONNECT2, NULL) == 0;
    right &= told(&one, EV_HELO, "EHLO mail.example.com") == 0;
    const uint32_t before = line_other_id;
    line_other_id = 9;
    right &= told(&other, EV_CONNECT, NULL) == 0 && told(&other, EV_CONNECT2, NULL) == 0;
    line_other_id = before;
    right &= told(&other, EV_HELO, "EHLO mx.example.net") == 0;
    /* What waits for the first one's MAIL is still there, and the flags of the other's connection exempt nobody. */
    right &= told(&one, EV_MAIL, "MAIL FROM:<a@example.net>") == -1;
    right &= told(&other, EV_MAIL, "MAIL FROM:<b@example.net>") == 0;
    right &= told(&other, EV_RCPT, "RCPT TO:<sugar@example.com>") != 0;
    told(&other, EV_CLOSE, NULL);
    told(&one, EV_CLOSE, NULL);
    line_end(&one);
    line_end(&other);
    return right;
}
