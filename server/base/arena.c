/* arena.c: the bump allocator of a request, and text that grows in it. Knows nothing of who
 * allocates or why; it never aborts, and running out is an answer like any other. */
#include <funneld/base.h>

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, bytes) ((void)(start), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(start, bytes) ((void)(start), (void)(bytes))
#endif

enum {
    ALIGNMENT = 16,
    BLOCK_FIRST_BYTES = 16 * 1024,
    BLOCK_MAX_BYTES = 256 * 1024,
    BUFFER_FIRST_BYTES = 256,
};

struct arena_block {
    struct arena_block *next; /* the block before it */
    size_t size;              /* of data */
    size_t used;              /* a multiple of ALIGNMENT */
    bool single;              /* made for one big allocation */
    alignas(ALIGNMENT) uint8_t data[];
};

static size_t round_up(size_t bytes)
{
    return bytes == 0 ? ALIGNMENT : (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static struct arena_block *block_make(struct arena *arena, size_t size)
{
    struct arena_block *block = malloc(sizeof(*block) + size);
    if (block == NULL)
        return NULL;
    block->next = NULL;
    block->size = size;
    block->used = 0;
    block->single = false;
    arena->total_bytes += size;
    ASAN_POISON_MEMORY_REGION(block->data, size);
    return block;
}

static void block_free(struct arena *arena, struct arena_block *block)
{
    arena->total_bytes -= block->size;
    ASAN_UNPOISON_MEMORY_REGION(block->data, block->size);
    free(block);
}

static void *block_take(struct arena_block *block, size_t rounded, size_t bytes)
{
    uint8_t *data = block->data + block->used;
    block->used += rounded;
    ASAN_UNPOISON_MEMORY_REGION(data, bytes);
    return data;
}

static bool block_has_room(const struct arena_block *block, size_t rounded)
{
    return block != NULL && block->size - block->used >= rounded;
}

static size_t room_within_limit(const struct arena *arena)
{
    if (arena->limit_bytes == 0)
        return SIZE_MAX;
    if (arena->total_bytes >= arena->limit_bytes)
        return 0;
    return (arena->limit_bytes - arena->total_bytes) & ~(size_t)(ALIGNMENT - 1);
}

/* The size that a next regular block would have, were there no limit. */
static size_t next_block_size(const struct arena *arena)
{
    const struct arena_block *head = arena->head;
    if (head == NULL || head->single)
        return BLOCK_FIRST_BYTES;
    return head->size >= BLOCK_MAX_BYTES / 2 ? BLOCK_MAX_BYTES : head->size * 2;
}

/* A block with room for `rounded`, already in the list. */
static struct arena_block *arena_grow(struct arena *arena, size_t rounded)
{
    size_t room = room_within_limit(arena);
    if (rounded > room)
        return NULL;
    size_t size = next_block_size(arena);
    bool single = rounded > size / 2;
    if (single)
        size = rounded;
    else if (size > room)
        size = room;
    struct arena_block *block = block_make(arena, size);
    if (block == NULL)
        return NULL;
    block->single = single;
    if (single && arena->head != NULL) {
        /* Behind the head, whose rest stays in use. */
        block->next = arena->head->next;
        arena->head->next = block;
    } else {
        block->next = arena->head;
        arena->head = block;
    }
    return block;
}

void *arena_take(struct arena *arena, size_t bytes)
{
    if (bytes > PTRDIFF_MAX / 2)
        return NULL;
    size_t rounded = round_up(bytes);
    struct arena_block *block = arena->head;
    if (!block_has_room(block, rounded))
        block = arena_grow(arena, rounded);
    return block == NULL ? NULL : block_take(block, rounded, bytes);
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    void *data = arena_take(arena, bytes);
    if (data != NULL && bytes > 0)
        memset(data, 0, bytes);
    return data;
}

void *arena_copy(struct arena *arena, const void *data, size_t bytes)
{
    void *copy = arena_take(arena, bytes);
    if (copy != NULL && bytes > 0)
        memcpy(copy, data, bytes);
    return copy;
}

char *arena_text(struct arena *arena, const char *text, size_t bytes)
{
    if (bytes == SIZE_MAX)
        return NULL;
    char *copy = arena_take(arena, bytes + 1);
    if (copy == NULL)
        return NULL;
    if (bytes > 0)
        memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    return copy;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    char small[128]; /* most texts fit, and need not be formatted twice */
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(small, sizeof(small), format, args);
    char *text = length < 0 ? NULL : arena_take(arena, (size_t)length + 1);
    if (text != NULL && (size_t)length < sizeof(small))
        memcpy(text, small, (size_t)length + 1);
    else if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

void arena_reset(struct arena *arena)
{
    struct arena_block *kept = NULL;
    for (struct arena_block *block = arena->head, *next; block != NULL; block = next) {
        next = block->next;
        /* The smallest regular block; a big one would hold a peak's memory for ever. */
        if (kept == NULL && !block->single && block->size <= BLOCK_FIRST_BYTES)
            kept = block;
        else
            block_free(arena, block);
    }
    if (kept != NULL) {
        kept->next = NULL;
        kept->used = 0;
        ASAN_POISON_MEMORY_REGION(kept->data, kept->size);
    }
    arena->head = kept;
}

void arena_free(struct arena *arena)
{
    for (struct arena_block *block = arena->head, *next; block != NULL; block = next) {
        next = block->next;
        block_free(arena, block);
    }
    arena->head = NULL;
}

/* ---- Buffer ---- */

char *buffer_grow(struct buffer *buffer, size_t bytes)
{
    if (buffer->failed)
        return NULL;
    size_t capacity = buffer->capacity == 0 ? BUFFER_FIRST_BYTES : buffer->capacity;
    while (capacity - buffer->length < bytes && capacity <= PTRDIFF_MAX / 4)
        capacity *= 2;
    char *data = NULL;
    if (capacity - buffer->length >= bytes)
        data = arena_take(buffer->arena, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return NULL;
    }
    if (buffer->length > 0)
        memcpy(data, buffer->data, buffer->length);
    buffer->data = data;
    buffer->capacity = capacity;
    return data + buffer->length;
}

void buffer_append(struct buffer *buffer, const char *data, size_t bytes)
{
    char *at = bytes == 0 ? NULL : buffer_room(buffer, bytes);
    if (at == NULL)
        return;
    memcpy(at, data, bytes);
    buffer->length += bytes;
}

void buffer_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

/* The writers of JSON call this for every quote and comma. */
void buffer_char(struct buffer *buffer, char byte)
{
    if (buffer->length < buffer->capacity && !buffer->failed)
        buffer->data[buffer->length++] = byte;
    else
        buffer_append(buffer, &byte, 1);
}

enum { INT_TEXT_MAX = 20 }; /* a sign and 19 digits */

/* Not NUL-terminated; returns its end. */
static char *int_format(char to[INT_TEXT_MAX], int64_t value)
{
    char digits[INT_TEXT_MAX];
    size_t start = sizeof(digits);
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do {
        digits[--start] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--start] = '-';
    memcpy(to, digits + start, sizeof(digits) - start);
    return to + (sizeof(digits) - start);
}

void buffer_int(struct buffer *buffer, int64_t value)
{
    char *at = buffer_room(buffer, INT_TEXT_MAX);
    if (at != NULL)
        buffer->length = (size_t)(int_format(at, value) - buffer->data);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length < 0)
        buffer->failed = true;
    else if (buffer_room(buffer, (size_t)length + 1) != NULL) {
        vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
    va_end(args);
}
