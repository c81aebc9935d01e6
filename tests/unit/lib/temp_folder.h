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

#include "core/os/os.h"
#include "system.h"

struct temp_folder {
    char path[100];
};

static inline void temp_make(struct temp_folder *f)
{
    folder_make_own(f->path, sizeof f->path);
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
    assert_int_equal(os_rename(beside, path), 0);
}

static inline bool temp_has(const struct temp_folder *f, const char *name)
{
    return file_exists(temp_path(f, name));
}

static inline void temp_delete(const struct temp_folder *f, const char *name)
{
    assert_int_equal(os_remove(temp_path(f, name)), 0);
}

static inline void temp_text(const struct temp_folder *f, const char *name, const char *text)
{
    temp_put(f, name, text, strlen(text));
}

static inline void temp_remove(const struct temp_folder *f)
{
    folder_remove_all(f->path);
}

#endif
