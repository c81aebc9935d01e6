#include "digest_clients.h"

#include <stdlib.h>

void digest_clients_init(struct digest_clients *c)
{
    *c = (struct digest_clients){.secret = hashmap_secret(), .most = DIGEST_CLIENTS};
}

static void release(struct digest_clients *c, struct digest_client *client)
{
    free(client->name);
    *client = (struct digest_client){.name = (char *)c->free};
    c->free = client;
}

static bool add_pool(struct digest_clients *c)
{
    struct digest_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return false;
    pool->next = c->pools;
    c->pools = pool;
    for (size_t i = DIGEST_POOL; i-- > 0;)
        release(c, &pool->clients[i]);
    return true;
}

/* Merges the clients that came most seldom, until an eighth of the places is free. */
static void merge_rarest(struct digest_clients *c)
{
    const size_t enough = c->most - c->most / 8;
    for (uint32_t seldom = 1; c->count > enough; seldom *= 2)
        for (struct digest_pool *pool = c->pools; pool && c->count > enough; pool = pool->next)
            for (size_t i = 0; i < DIGEST_POOL && c->count > enough; i++) {
                struct digest_client *client = &pool->clients[i];
                if (!client->key || client->refused + client->accepted > seldom)
                    continue;
                c->merged++;
                c->merged_refused += client->refused;
                c->count--;
                hashmap_remove(&c->by_ip, client->key);
                release(c, client);
            }
}

struct digest_client *digest_clients_get(struct digest_clients *c, const struct ip *ip, int64_t time)
{
    struct ip masked = ip_mask(ip, ip->v6 ? 64 : 32);
    uint64_t key = hashmap_key(&c->secret, &masked, sizeof masked);
    struct digest_client *client = hashmap_get(&c->by_ip, key);
    uint32_t now = time < 0 ? 0 : time > UINT32_MAX ? UINT32_MAX : (uint32_t)time;
    if (client) {
        client->first = now < client->first ? now : client->first;
        client->last = now > client->last ? now : client->last;
        return client;
    }
    if (c->count >= c->most)
        merge_rarest(c);
    if (!c->free && !add_pool(c))
        return NULL;
    client = c->free;
    if (!hashmap_put(&c->by_ip, key, client))
        return NULL;
    c->free = (struct digest_client *)(void *)client->name;
    *client = (struct digest_client){.key = key, .ip = masked, .first = now, .last = now};
    c->count++;
    return client;
}

void digest_clients_name(struct digest_client *client, struct text name)
{
    enum { NAME_MAX_SHOWN = 80 };
    size_t n = name.n < NAME_MAX_SHOWN ? name.n : NAME_MAX_SHOWN;
    if (client->name || !n || !(client->name = malloc(n + 1)))
        return;
    memcpy(client->name, name.p, n);
    client->name[n] = '\0';
}

void digest_clients_walk(const struct digest_clients *c,
                         void (*for_each)(void *context, const struct digest_client *client), void *context)
{
    for (const struct digest_pool *pool = c->pools; pool; pool = pool->next)
        for (size_t i = 0; i < DIGEST_POOL; i++)
            if (pool->clients[i].key)
                for_each(context, &pool->clients[i]);
}

void digest_clients_fini(struct digest_clients *c)
{
    while (c->pools) {
        struct digest_pool *next = c->pools->next;
        for (size_t i = 0; i < DIGEST_POOL; i++)
            if (c->pools->clients[i].key)
                free(c->pools->clients[i].name);
        free(c->pools);
        c->pools = next;
    }
    hashmap_fini(&c->by_ip);
    *c = (struct digest_clients){.count = 0};
}
