#include "action.h"

#include "core/base/scan.h"

const char *const action_name[ACT_COUNT] = {
    [ACT_REFUSE] = "refuse", [ACT_FAIL] = "fail", [ACT_CLOSE] = "close",   [ACT_DROP] = "drop",
    [ACT_LOG] = "log",       [ACT_SKIP] = "skip", [ACT_EXEMPT] = "exempt", [ACT_HOLD] = "hold",
};

bool action_find(struct text word, enum rule_action *out)
{
    for (unsigned i = 0; i < ACT_COUNT; i++)
        if (text_eq_nocase(word, text_z(action_name[i]))) {
            *out = (enum rule_action)i;
            return true;
        }
    return false;
}

const char *action_nearest(struct text word)
{
    struct scan_near near = scan_near(word);
    for (unsigned i = 0; i < ACT_COUNT; i++)
        scan_near_try(&near, action_name[i]);
    return near.name;
}

const char *action_verdict_name(unsigned verdict)
{
    static const char *const name[] = {"pass", "fail", "refuse", "close", "drop", "hold"};
    return name[verdict < sizeof name / sizeof *name ? verdict : 0];
}
