/*
 * What the passes of the header behind this one store: floats, or with VALUE_HALF values
 * of bf16 in half the room. Such a header is included once for each, so this one has no
 * guard. NAME is a pass of that kind, PUT_STORED what a pass stores that rounds in the
 * class bf16 whatever it stores.
 */
#undef VALUE
#undef NAME
#undef GET
#undef PUT
#undef PUT_STORED

#ifdef VALUE_HALF
#define VALUE uint16_t
#define NAME(pass) half_##pass
#define GET(p) load_half(p)
#define PUT(p, v) store_half(p, v)
#define PUT_STORED(p, v) store_half(p, v)
#else
#define VALUE float
#define NAME(pass) pass
#define GET(p) load(p)
#define PUT(p, v) store(p, v)
#define PUT_STORED(p, v) store(p, STORED(v))
#endif
