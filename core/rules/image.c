#include "image.h"

#include <errno.h>

#include "checks.h"

struct block *image_load(const char *path, int *error)
{
    struct file_map map;
    *error = os_map_ours(path, true, &map);
    if (*error)
        return NULL;
    struct block *r = block_adopt_map(&map);
    if (!r)
        os_unmap(&map);
    else if (block_registry(r) != checks_stamp())
        block_unref(&r);
    if (!r)
        *error = EPROTO;
    return r;
}

bool image_is_of(const struct block *r, const char *config)
{
    const struct file_note *main = block_file(r, 0);
    return main && text_eq(block_text(r, main->path), text_z(config));
}

bool image_is_current(const struct block *r, const char *config)
{
    const uint32_t count = block_file_count(r);
    if (!image_is_of(r, config))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct file_note *note = block_file(r, i);
        struct file_id now;
        if (!note)
            return false;
        struct text path = block_text(r, note->path);
        /* Zero means that the file did not exist, and it still does not. */
        os_file_id(path.p, &now);
        if (path.n == 0 || !file_id_eq(&now, &note->id))
            return false;
    }
    return true;
}

int image_store(const char *path, const struct block *r)
{
    struct text bytes = block_bytes(r);
    return os_replace(path, bytes.p, bytes.n);
}
