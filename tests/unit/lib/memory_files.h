/*
 * memory_files.h - rule files that live in a test: a reader for config_load() that never touches the disk. It
 * has a plugin words with the checks of fake_checks.h, the same again, and a broken one.
 */
#ifndef GATEPOST_TEST_MEMORY_FILES_H
#define GATEPOST_TEST_MEMORY_FILES_H

#include "core/base/writer.h"
#include "core/config/config.h"
#include "fake_checks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct memory_file {
    const char *path; /* from the root */
    const char *text;
};

/* PATH as the engine names it: a system with drives puts one before it. Good until the fourth next call. */
static inline const char *memory_path(const char *path)
{
    static char ring[4][256];
    static unsigned next;
    char *p = ring[next++ % 4];
    return os_absolute(path, p, sizeof ring[0]) == 0 ? p : path;
}

/* Context: an array that ends with a NULL path. */
static inline int memory_read(void *context, const char *path, char **bytes, size_t *size, struct file_id *id)
{
    for (const struct memory_file *f = context; f->path; f++) {
        if (strcmp(memory_path(f->path), path) != 0)
            continue;
        *size = strlen(f->text);
        *bytes = malloc(*size + 1);
        if (!*bytes)
            return ENOMEM;
        memcpy(*bytes, f->text, *size);
        *id = (struct file_id){.inode = (uint64_t)(f - (const struct memory_file *)context) + 1, .size = *size};
        return 0;
    }
    return ENOENT;
}

static inline plugin_list memory_plugin(void *context, const char *path, struct file_id *id, char *reason,
                                        size_t cap)
{
    (void)context;
    const bool there = strstr(path, "/words.") || strstr(path, "/again.");
    const bool broken = strstr(path, "/broken.") != NULL;
    *id = (struct file_id){.inode = there || broken ? 1000 : 0};
    snprintf(reason, cap, "%s", broken ? "no good" : "");
    return there ? fake_checks : NULL;
}

/* All problems of a load, one a line: "file:line:column: message", warnings with "warning: " before the
 * message. */
struct collected {
    char text[8192];
    struct writer w;
};

static inline void collect(void *context, const struct error *e, bool warning, struct text source)
{
    struct collected *c = context;
    (void)source;
    writer_printf(&c->w, "%s:%u:%u: %s%s\n", e->file, e->line, e->column, warning ? "warning: " : "",
                  e->message);
}

/* Loads TEXT as /etc/gatepost/gatepost.conf, MORE being the other files (may be NULL). */
static inline struct block *load_text(const char *text, const struct memory_file *more, unsigned flags,
                                      struct collected *problems)
{
    struct memory_file files[8] = {{"/etc/gatepost/gatepost.conf", text}};
    for (size_t i = 1; more && more->path && i < 7; i++)
        files[i] = *more++;
    struct config_reader reader = {.context = files, .read = memory_read, .plugin = memory_plugin};
    struct report report = {.context = problems, .problem = collect};
    problems->w = writer_on(problems->text, sizeof problems->text);
    return config_load("/etc/gatepost/gatepost.conf", &reader, flags, &report, NULL, NULL);
}

#endif
