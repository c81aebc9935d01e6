/*
 * plugin_folder.h - where the plugins are that were built with this test: beside its own folder.
 */
#ifndef GATEPOST_TEST_PLUGIN_FOLDER_H
#define GATEPOST_TEST_PLUGIN_FOLDER_H

#include "temp_folder.h"

#include <unistd.h>

/* "BUILD/checks/NAME", absolute, good until the next call. */
static inline const char *plugin_in_build(const char *name)
{
    static char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(n > 0);
    path[n] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(path, '/');
        assert_non_null(slash);
        *slash = '\0';
    }
    const size_t at = strlen(path);
    assert_true(snprintf(path + at, sizeof path - at, "/checks/%s", name) < (int)(sizeof path - at));
    return path;
}

#endif
