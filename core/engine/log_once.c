#include "log_once.h"

#include <stdlib.h>

#include "core/base/writer.h"
#include "core/state/state_dir.h"

static bool in_memory(struct log_once *o, uint64_t key)
{
    for (unsigned i = 0; i < LOG_ONCE_MEMORY; i++)
        if (o->said[i] == key)
            return true;
    o->said[o->next++ % LOG_ONCE_MEMORY] = key;
    return false;
}

static bool in_file(const char *file, uint64_t stamp, bool read_only)
{
    char now[24];
    char *before = NULL;
    size_t n = 0;
    struct file_id id;
    struct writer w = writer_on(now, sizeof now);
    writer_printf(&w, "%016llx\n", (unsigned long long)stamp);
    bool said = os_read(file, 4096, &before, &n, &id) == 0 && text_eq(text_of(before, n), writer_text(&w));
    free(before);
    /* If it cannot be written, the line is logged again: too often is better than never. */
    if (!said && !read_only)
        os_replace(file, w.p, w.n);
    return said;
}

bool log_once_is_new(struct log_once *o, const char *dir, bool read_only, const char *path, uint64_t stamp)
{
    char file[4096];
    uint64_t key = text_hash(stamp, text_z(path));
    if (in_memory(o, key | 1))
        return false;
    return !dir || !state_dir_path(dir, "said", path, "stamp", file, sizeof file) ||
           !in_file(file, stamp, read_only);
}
