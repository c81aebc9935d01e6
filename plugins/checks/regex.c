/*
 * regex.c - the check regex("PATTERN"): a regular expression of Perl's kind, by PCRE2 and its JIT compiler,
 * over what a pattern of the same operation sees.
 *
 * A sender chooses the text, and a pattern such as (a+)+$ can take longer than the world lasts over a short
 * one. So every match has limits: a count of steps, memory, and time. The clock is looked at from callouts,
 * which PCRE2 makes before each item of a pattern (PCRE2_AUTO_CALLOUT) both when it interprets and when it runs
 * compiled code: nothing between two of them takes longer than one walk over the text. Beyond a limit the check
 * cannot say.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#define _POSIX_C_SOURCE       200809L

#include "core/gatepost.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    MATCH_MS = 100,          /* of the processor's time, for one text */
    MATCH_MOST = 1000000,    /* steps from one place of the text */
    DEPTH_MOST = 100000,     /* backtracking points at once, when interpreted */
    HEAP_KIB = 8192,         /* memory for them */
    LOOK_AT_CLOCK = 1 << 10, /* callouts between two looks, in a short text */
    WALK_MOST = 1 << 25, /* bytes between two looks, in a long one: from one callout to the next all of it may
                            be walked */
};

struct regex {
    pcre2_code *code;
    pcre2_match_context *limits;
};

/* One match under way. */
struct watch {
    int64_t until; /* 0: not yet set */
    size_t callouts;
    size_t every;
};

/* What this thread has used: a machine that is busy with other things is no reason to give up. */
static int64_t milliseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Also called for a callout that stands in the pattern itself. Returns 0: go on. */
static int look_at_clock(pcre2_callout_block *block, void *context)
{
    struct watch *w = context;
    (void)block;
    if (++w->callouts % w->every != 0)
        return 0;
    const int64_t now = milliseconds();
    if (!w->until) /* nearly all texts never come so far */
        w->until = now + MATCH_MS;
    return now < w->until ? 0 : PCRE2_ERROR_CALLOUT;
}

static void regex_free(void *data)
{
    struct regex *r = data;
    if (r) {
        pcre2_code_free(r->code);
        pcre2_match_context_free(r->limits);
        free(r);
    }
}

static int fail(struct gp_check_error *error, uint32_t offset, const char *message)
{
    error->offset = offset;
    snprintf(error->message, sizeof error->message, "%s", message);
    return -1;
}

static int regex_compile(const struct gp_check_host *host, const struct gp_argument *args, size_t n,
                         void **data, struct gp_check_error *error)
{
    int number;
    PCRE2_SIZE at = 0;
    (void)host;
    if (n != 1) {
        error->argument = n > 1;
        return fail(error, 0, "regex takes one pattern in double quotes; write \\x22 for a quote in it");
    }
    struct regex *r = calloc(1, sizeof *r);
    if (!r)
        return fail(error, 0, "out of memory");
    *data = r;
    /* \C would cut a character of UTF-8 in two. */
    r->code = pcre2_compile((PCRE2_SPTR)args[0].text, args[0].size,
                            PCRE2_AUTO_CALLOUT | PCRE2_NEVER_BACKSLASH_C, &number, &at, NULL);
    if (r->code)
        r->limits = pcre2_match_context_create(NULL);
    if (r->limits) {
        pcre2_set_match_limit(r->limits, MATCH_MOST);
        pcre2_set_depth_limit(r->limits, DEPTH_MOST);
        pcre2_set_heap_limit(r->limits, HEAP_KIB);
        /* Without it, where memory may not be written and executed, the pattern is interpreted. */
        pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
        return 0;
    }
    if (r->code) {
        fail(error, 0, "out of memory");
    } else {
        PCRE2_UCHAR reason[200];
        if (pcre2_get_error_message(number, reason, sizeof reason) < 0)
            reason[0] = '\0';
        fail(error, (uint32_t)at, (const char *)reason);
    }
    regex_free(r);
    *data = NULL;
    return -1;
}

static int say(const struct gp_facts *facts, int answer, const char *reason)
{
    if (facts->why_size)
        snprintf(facts->why, facts->why_size, "%s", reason);
    return answer;
}

static int cannot_say(const struct gp_facts *facts, int error, size_t n)
{
    char reason[200], text[120];
    switch (error) {
    case PCRE2_ERROR_CALLOUT:
        snprintf(reason, sizeof reason, "the pattern needs more than %d ms over %zu bytes", MATCH_MS, n);
        break;
    case PCRE2_ERROR_MATCHLIMIT:
        snprintf(reason, sizeof reason, "the pattern needs too many steps over %zu bytes", n);
        break;
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
        snprintf(reason, sizeof reason, "the pattern needs too much memory over %zu bytes", n);
        break;
    default:
        if (pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text) < 0)
            snprintf(text, sizeof text, "error %d of PCRE2", error);
        snprintf(reason, sizeof reason, "%s", text);
    }
    return say(facts, -1, reason);
}

static int regex_match(void *data, const struct gp_facts *facts, const char *text, size_t n)
{
    const struct regex *r = data;
    struct watch watch = {.every = n > WALK_MOST / LOOK_AT_CLOCK ? WALK_MOST / n + 1 : LOOK_AT_CLOCK};
    pcre2_match_data *room = pcre2_match_data_create(1, NULL);
    pcre2_match_context *limits = room ? pcre2_match_context_copy(r->limits) : NULL;
    int found = PCRE2_ERROR_NOMEMORY;
    if (limits) {
        pcre2_set_callout(limits, look_at_clock, &watch);
        found = pcre2_match(r->code, (PCRE2_SPTR)text, n, 0, 0, room, limits);
        /* Compiled code has 32 KiB of the thread's stack; the interpreter has more room. */
        if (found == PCRE2_ERROR_JIT_STACKLIMIT)
            found = pcre2_match(r->code, (PCRE2_SPTR)text, n, 0, PCRE2_NO_JIT, room, limits);
    }
    pcre2_match_context_free(limits);
    pcre2_match_data_free(room);
    if (found >= 0)
        return say(facts, 1, "the pattern is found");
    if (found == PCRE2_ERROR_NOMATCH)
        return say(facts, 0, "the pattern is not found");
    return cannot_say(facts, found, n);
}

static const struct gp_check regex = {
    .size = sizeof regex,
    .operations = GP_AT_ALL & ~GP_AT_HEADERS,
    .needs = GP_FACT_NAME, /* at connect it is in the text */
    .name = "regex",
    .usage = "regex(\"PATTERN\")",
    .compile = regex_compile,
    .match = regex_match,
    .free = regex_free,
};

const struct gp_check *const *gatepost_checks(uint32_t major)
{
    static const struct gp_check *const checks[] = {&regex, NULL};
    return major == GP_CHECK_MAJOR ? checks : NULL;
}
