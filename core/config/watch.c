#include "watch.h"

enum { ARENA_MOST = 64 << 20 };

void watch_list_init(struct watch_list *w)
{
    *w = (struct watch_list){0};
    arena_init(&w->arena, ARENA_MOST);
}

void watch_list_note(struct watch_list *w, const char *path, const struct file_id *id)
{
    if (!w)
        return;
    struct watched *wider = arena_alloc(&w->arena, (w->count + 1) * sizeof *wider);
    struct text copy = arena_text(&w->arena, text_z(path));
    if (!wider || !copy.p) {
        w->incomplete = true;
        return;
    }
    if (w->count)
        memcpy(wider, w->items, w->count * sizeof *wider);
    wider[w->count++] = (struct watched){copy.p, *id};
    w->items = wider;
}

void watch_list_fini(struct watch_list *w)
{
    arena_fini(&w->arena);
    *w = (struct watch_list){0};
}

bool watch_list_changed(const struct watch_list *w)
{
    if (w->incomplete)
        return true;
    for (size_t i = 0; i < w->count; i++) {
        struct file_id now;
        os_file_id(w->items[i].path, &now);
        if (!file_id_eq(&now, &w->items[i].id))
            return true;
    }
    return false;
}

uint64_t watch_list_stamp(const struct watch_list *w)
{
    uint64_t h = TEXT_HASH_START;
    for (size_t i = 0; i < w->count; i++)
        h = text_hash(h, text_of((const char *)&w->items[i].id, sizeof w->items[i].id));
    return h;
}
