/*
 * check.c - a plugin with one check: repeats(5) holds when a character occurs five times in a row, as in
 * "!!!!!". Build it as a shared object:
 *
 *   cc -shared -fPIC -I. -o /etc/gatepost/checks/repeats.so check.c
 */
#include "core/gatepost.h"

#include <stdio.h>
#include <stdlib.h>

/* The compiled argument of one rule. */
struct repeats {
    size_t most;
};

static int compile(const struct gp_check_host *host, const struct gp_argument *args, size_t n, void **data,
                   struct gp_check_error *error)
{
    size_t number = 0, i = 0;
    (void)host;
    while (n == 1 && i < args[0].size && i < 4 && args[0].text[i] >= '0' && args[0].text[i] <= '9')
        number = number * 10 + (size_t)(args[0].text[i++] - '0');
    if (n != 1 || i < args[0].size || number < 2) {
        error->offset = (uint32_t)i;
        snprintf(error->message, sizeof error->message, "expected a number from 2 to 9999");
        return -1;
    }
    struct repeats *r = malloc(sizeof *r);
    if (!r)
        return -1;
    r->most = number;
    *data = r;
    return 0;
}

static int match(void *data, const struct gp_facts *facts, const char *text, size_t n)
{
    const struct repeats *r = data;
    size_t run = 0;
    for (size_t i = 0; i < n; i++) {
        run = i && text[i] == text[i - 1] ? run + 1 : 1;
        if (run == r->most) {
            snprintf(facts->why, facts->why_size, "'%c' occurs %zu times in a row", text[i], run);
            return 1;
        }
    }
    return 0;
}

static const struct gp_check repeats = {
    .size = sizeof repeats,
    .operations = GP_AT_HELO | GP_AT_MAIL | GP_AT_RCPT | GP_AT_HEADER | GP_AT_SUBJECT,
    .name = "repeats",
    .usage = "repeats(5)",
    .compile = compile,
    .match = match,
    .free = free,
};

const struct gp_check *const *gatepost_checks(uint32_t major)
{
    static const struct gp_check *const checks[] = {&repeats, NULL};
    return major == GP_CHECK_MAJOR ? checks : NULL;
}
