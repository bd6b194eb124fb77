"""The model's table and buckets as the independent recount reads them."""

from collections import defaultdict

from tests.model.world import World
from tests.recount.snapshot import Bucket, Buckets, Snapshot, Version, plain_item


def take(world: World, *, with_objects: bool) -> Snapshot:
    items = {pk: {sk: plain_item(item) for sk, item in of.items()} for pk, of in world.dynamodb.items.items()}
    buckets = Buckets(*(_read_bucket(world, name) for name in ("incoming", "accepted", "quarantine")))
    return Snapshot(items, buckets if with_objects else None)


def _read_bucket(world: World, name: str) -> Bucket:
    versions: dict[str, list[Version]] = defaultdict(list)
    for (bucket, key), kept in world.objects.versions.items():
        if bucket == name:
            versions[key] = [Version(key, one.version_id, len(one.data), one is kept[-1]) for one in kept]
    return Bucket(name, dict(versions))
