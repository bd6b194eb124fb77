"""The saved queries, where Athena's console offers them: the texts that the admins' page runs."""

from aws_cdk import aws_athena as athena
from constructs import Construct

from infra.data.analytics import Names
from portal.saved_queries import QUERIES


class SavedQueries(Construct):
    """One named query for each. The database and workgroup are the core stack's, which has to stand before."""

    def __init__(self, scope: Construct, construct_id: str, *, prefix: str) -> None:
        super().__init__(scope, construct_id)
        names = Names.of(prefix)
        for query in QUERIES:
            athena.CfnNamedQuery(
                self,
                query.key.title().replace("_", ""),
                name=query.title,
                description=query.explanation,
                database=names.database,
                work_group=names.workgroup,
                query_string=query.sql(),
            )
