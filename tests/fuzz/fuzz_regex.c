/*
 * Input: a pattern; after its first NUL byte, a text. The pattern is compiled as by the check regex, and tried on
 * the text and on a long one. There must always be an answer, and in time.
 */
#include "core/rules/plugin.h"

#include <stdlib.h>

#include "insist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONG = 5000, MOST_MS = 5000 }; /* limit 100 ms; the rest: sanitizer, busy machine */

static void ask(const struct gp_check *check, void *compiled, struct text t)
{
    char why[200] = "";
    struct gp_facts facts = {.size = sizeof facts, .why = why, .why_size = sizeof why};
    const int64_t begun = os_ticks_ms();
    int answer = check->match(compiled, &facts, t.p, t.n);
    insist(answer >= -1 && answer <= 1 && why[0] && strlen(why) < sizeof why);
    insist(os_ticks_ms() - begun < MOST_MS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char many[LONG];
    const struct gp_check *check = gatepost_checks(GP_CHECK_MAJOR)[0];
    struct text all = text_of(size ? (const char *)data : "", size);
    struct text pattern = text_of(all.p, text_find(all, 0, '\0'));
    struct text text = text_skip(all, pattern.n + 1);
    struct gp_argument arg = {pattern.p, pattern.n};
    struct gp_check_error error = {.size = sizeof error};
    void *compiled = NULL;
    if (check->compile(&plugin_silent_host, &arg, 1, &compiled, &error) != 0) {
        insist(!compiled && error.message[0] && error.offset <= pattern.n);
        return 0;
    }
    for (size_t i = 0; i < LONG; i++)
        many[i] = text.n ? text.p[i % text.n] : 'a';
    ask(check, compiled, text);
    ask(check, compiled, text_of(many, LONG));
    check->free(compiled);
    return 0;
}
