/*
 * temp_folder.h - a folder of a test's own, with files in it, gone at the end.
 */
#ifndef GATEPOST_TEST_TEMP_FOLDER_H
#define GATEPOST_TEST_TEMP_FOLDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct temp_folder {
    char path[64];
};

static inline void temp_make(struct temp_folder *f)
{
    strcpy(f->path, "/tmp/gatepost-test-XXXXXX");
    assert_non_null(mkdtemp(f->path));
}

/* "FOLDER/NAME", good until the fourth next call. */
static inline const char *temp_path(const struct temp_folder *f, const char *name)
{
    static char ring[4][256];
    static unsigned next;
    char *p = ring[next++ % 4];
    snprintf(p, sizeof ring[0], "%s/%s", f->path, name);
    return p;
}

/* Puts a file there as an administrator should: written beside, then renamed. */
static inline void temp_put(const struct temp_folder *f, const char *name, const void *bytes, size_t n)
{
    const char *beside = temp_path(f, "beside"), *path = temp_path(f, name);
    FILE *file = fopen(beside, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
    assert_int_equal(rename(beside, path), 0);
}

static inline void temp_text(const struct temp_folder *f, const char *name, const char *text)
{
    temp_put(f, name, text, strlen(text));
}

static inline void temp_remove(const struct temp_folder *f)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->path);
    assert_int_equal(system(command), 0);
}

#endif
