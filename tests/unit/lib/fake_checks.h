/*
 * fake_checks.h - two checks such as a plugin brings: for tests that link them, and for the plugin
 * tests/unit/plugins/words.c.
 */
#ifndef GATEPOST_TEST_FAKE_CHECKS_H
#define GATEPOST_TEST_FAKE_CHECKS_H

#include "core/gatepost.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_int words_alive; /* compiled and not freed */

struct words {
    size_t n;
    char text[64];
};

/* word("zombie"): the text has it. word("dunno") cannot say, word("odd") answers nonsense. */
static int words_compile(const struct gp_check_host *host, const struct gp_argument *args, size_t n,
                         void **data, struct gp_check_error *error)
{
    if (n != 1 || args[0].size >= sizeof((struct words *)0)->text) {
        error->argument = n > 1;
        snprintf(error->message, sizeof error->message, "word takes one short word");
        return -1;
    }
    for (size_t i = 0; i < args[0].size; i++)
        if (args[0].text[i] == '!') {
            error->offset = (uint32_t)i;
            snprintf(error->message, sizeof error->message, "'!' stands in no word");
            return -1;
        }
    struct words *w = calloc(1, sizeof *w);
    if (!w)
        return -1;
    w->n = args[0].size;
    memcpy(w->text, args[0].text, w->n);
    if (strcmp(w->text, "chatty") == 0)
        host->log(host->context, GP_LOG_NOTICE, "word says\nsomething", 19);
    atomic_fetch_add(&words_alive, 1);
    *data = w;
    return 0;
}

static int words_match(void *data, const struct gp_facts *facts, const char *text, size_t n)
{
    const struct words *w = data;
    if (strcmp(w->text, "dunno") == 0) {
        snprintf(facts->why, facts->why_size, "nobody\tknows");
        return -1;
    }
    if (strcmp(w->text, "odd") == 0)
        return 7;
    for (size_t i = 0; i + w->n <= n; i++)
        if (memcmp(text + i, w->text, w->n) == 0) {
            snprintf(facts->why, facts->why_size, "'%s' stands at %zu", w->text, i);
            return 1;
        }
    return 0;
}

static void words_free(void *data)
{
    atomic_fetch_sub(&words_alive, 1);
    free(data);
}

/* from-203: the client's address begins with 203. Asks for nothing else, and keeps no data. */
static int from_compile(const struct gp_check_host *host, const struct gp_argument *args, size_t n, void **data,
                        struct gp_check_error *error)
{
    (void)host, (void)args, (void)data, (void)error;
    return n == 0 ? 0 : -1;
}

static int from_match(void *data, const struct gp_facts *facts, const char *text, size_t n)
{
    (void)data, (void)text, (void)n;
    return facts->address_size > 4 && memcmp(facts->address, "203.", 4) == 0;
}

static const struct gp_check words_check = {.size = sizeof words_check,
                                            .operations = GP_AT_ALL & ~GP_AT_HEADERS,
                                            .needs = GP_FACT_NAME,
                                            .name = "word",
                                            .usage = "word(\"zombie\")",
                                            .compile = words_compile,
                                            .match = words_match,
                                            .free = words_free};

static const struct gp_check from_check = {.size = sizeof from_check,
                                           .operations = GP_AT_CONNECT,
                                           .name = "from-203",
                                           .usage = "from-203",
                                           .compile = from_compile,
                                           .match = from_match};

static const struct gp_check *const fake_checks[] = {&words_check, &from_check, NULL};

#endif
