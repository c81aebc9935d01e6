/* The plugin of the tests. */
#include "tests/unit/lib/fake_checks.h"

const struct gp_check *const *gatepost_checks(uint32_t major)
{
    return major == GP_CHECK_MAJOR ? fake_checks : NULL;
}
