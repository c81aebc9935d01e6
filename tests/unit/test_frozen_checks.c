/*
 * The compiler tests: the public structs of checks are laid out as plugins of version 1 know them. There is
 * nothing left to do when it runs.
 */
#include "temp_folder.h"

#include "core/gatepost.h"

#define WIDE (sizeof(void *) == 8)
#define SIZE(type, size64, size32)                                                                             \
    _Static_assert(sizeof(struct type) == (WIDE ? (size64) : (size32)), "the size of struct " #type);          \
    _Static_assert(offsetof(struct type, size) == 0, "struct " #type " begins with its size")
#define MEMBER(type, member, at64, at32, ...)                                                                  \
    _Static_assert(offsetof(struct type, member) == (WIDE ? (at64) : (at32)),                                  \
                   "where " #type "." #member " is");                                                          \
    _Static_assert(_Generic(&((struct type *)0)->member, __typeof__(__VA_ARGS__) * : 1, default : 0),          \
                   "the type of " #type "." #member)
#define VALUE(name, value) _Static_assert((name) == (value), "the value of " #name)

#include "frozen_checks.h"

static void structs__are_as_plugins_know_them(void **state)
{
    (void)state;
    assert_int_equal(gatepost_api(GP_API_MAJOR)->major, GP_API_MAJOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structs__are_as_plugins_know_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
