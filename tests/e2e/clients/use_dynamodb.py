"""DynamoDB: the stack's table, conditional writes, its index, the CLI."""

from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError
from client import cli, refused, sdk

db = sdk("dynamodb")
(TABLE,) = db.list_tables()["TableNames"]
KEY = {"pk": {"S": "TEST#1"}, "sk": {"S": "TEST"}}


def first(writer: int) -> bool:
    item = {**KEY, "writer": {"N": str(writer)}, "owner": {"S": "tester"}, "created": {"S": "2026"}}
    try:
        db.put_item(TableName=TABLE, Item=item, ConditionExpression="attribute_not_exists(pk)")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ConditionalCheckFailedException", error
        return False
    return True


with ThreadPoolExecutor(10) as pool:
    assert sum(pool.map(first, range(20))) == 1, "not exactly one of 20 writers won"

item = db.get_item(TableName=TABLE, Key=KEY, ConsistentRead=True)["Item"]
assert item["owner"] == {"S": "tester"}, item
changed = db.update_item(
    TableName=TABLE, Key=KEY, UpdateExpression="SET #n = if_not_exists(#n, :zero) + :one",
    ExpressionAttributeNames={"#n": "n"}, ExpressionAttributeValues={":zero": {"N": "0"}, ":one": {"N": "1"}}, ReturnValues="ALL_NEW",
)
assert changed["Attributes"]["n"] == {"N": "1"}, changed
(index,) = db.describe_table(TableName=TABLE)["Table"]["GlobalSecondaryIndexes"]
found = db.query(
    TableName=TABLE, IndexName=index["IndexName"], KeyConditionExpression="#o = :o",
    ExpressionAttributeNames={"#o": "owner"}, ExpressionAttributeValues={":o": {"S": "tester"}},
)
assert found["Count"] == 1, found
got = cli("dynamodb", "get-item", "--table-name", TABLE, "--key", '{"pk":{"S":"TEST#1"},"sk":{"S":"TEST"}}')
assert got["Item"]["n"] == {"N": "1"}, got
db.delete_item(TableName=TABLE, Key=KEY)
assert "Item" not in db.get_item(TableName=TABLE, Key=KEY)
refused("ResourceNotFoundException", db.get_item, TableName="nothing", Key=KEY)
